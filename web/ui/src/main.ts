import { mount } from "svelte";
import "./styles/base.css";
import { app } from "./state/app.svelte";
import App from "./views/App.svelte";

const target = document.getElementById("app");
if (!target) throw new Error("index.html has no #app");
void app.start();
mount(App, { target });
