import NavigatedViewer from "bpmn-js/lib/NavigatedViewer";window.V=NavigatedViewer
